# Regular expressions over log lines: captures, alternation, -all -inline, -indices, back-reference, switch -regexp.

proc logLines {n} {
    set out {}
    set methods {GET POST PUT DELETE}
    for {set i 0} {$i < $n} {incr i} {
        lappend out "10.0.[expr {$i % 256}].[expr {$i * 7 % 256}] - user$i \[12/Mar/2024:10:[format %02d [expr {$i % 60}]]:[format %02d [expr {$i * 13 % 60}]]\] \"[lindex $methods [expr {$i % 4}]] /path/item$i?id=[expr {$i * 3}] HTTP/1.1\" [expr {$i % 9 == 0 ? 404 : 200}] [expr {$i * 31 % 5000}]"
    }
    return $out
}

proc parse {lines} {
    set sum 0
    foreach line $lines {
        if {[regexp {^(\d+\.\d+\.\d+\.\d+) - (\w+) \[([^\]]+)\] "(\w+) ([^ ?]+)\?id=(\d+) [^"]*" (\d{3}) (\d+)$} $line -> ip user when method path id status size]} {
            incr sum [expr {$id + $status + $size + [string length $path]}]
        }
    }
    return $sum
}

proc search {lines} {
    set sum 0
    foreach line $lines {
        if {[regexp {POST|DELETE} $line]} {incr sum}
        if {[regexp -nocase {\mhttp/1\.[01]\M} $line]} {incr sum}
        if {[regexp -indices {item(\d+)} $line where digits]} {incr sum [lindex $digits 0]}
        if {[regexp {(\d)\1} $line]} {incr sum 2}
        incr sum [regexp -all {[aeiou]} $line]
    }
    return $sum
}

proc words {text} {
    set sum 0
    foreach word [regexp -all -inline {[[:alpha:]]+} $text] {incr sum [string length $word]}
    foreach {all key value} [regexp -all -inline {(\w+)=(\d+)} $text] {incr sum $value}
    return $sum
}

proc kinds {lines} {
    set counts [dict create]
    foreach line $lines {
        switch -regexp -- $line {
            {" 404 } {dict incr counts missing}
            {"(PUT|DELETE)} {dict incr counts change}
            {user\d*7\M} {dict incr counts seven}
            default {dict incr counts other}
        }
    }
    return $counts
}

proc main {factor} {
    set rounds [expr {int(17 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set lines [logLines 800]
    set text [join [lrange $lines 0 200] \n]
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        incr sum [parse $lines]
        incr sum [search $lines]
        incr sum [words $text]
        set kinds [kinds $lines]
    }
    puts "regexp_text $rounds $sum $kinds"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
