# Reading through text by position: index, range, first, last, compare, match, is, a hand-written tokenizer.

proc sample {n} {
    set out ""
    for {set i 0} {$i < $n} {incr i} {
        append out "let v$i = (alpha + [expr {$i * 17}]) * 'text $i' ; # note\n"
    }
    return $out
}

proc tokenize {text} {
    set counts [dict create name 0 number 0 string 0 sign 0]
    set n [string length $text]
    set i 0
    while {$i < $n} {
        set char [string index $text $i]
        if {[string is space $char]} {
            incr i
        } elseif {[string is alpha $char]} {
            set start $i
            while {$i < $n && [string is alnum [string index $text $i]]} {incr i}
            dict incr counts name [string length [string range $text $start $i-1]]
        } elseif {[string is digit $char]} {
            while {$i < $n && [string is digit [string index $text $i]]} {incr i}
            dict incr counts number
        } elseif {$char eq "'"} {
            set end [string first ' $text [expr {$i + 1}]]
            dict incr counts string [expr {$end - $i}]
            set i [expr {$end + 1}]
        } elseif {$char eq "#"} {
            set end [string first \n $text $i]
            set i [expr {$end < 0 ? $n : $end}]
        } else {
            dict incr counts sign
            incr i
        }
    }
    return $counts
}

proc palindromes {text width} {
    set found 0
    set n [expr {[string length $text] - $width}]
    for {set i 0} {$i < $n} {incr i} {
        set piece [string range $text $i [expr {$i + $width - 1}]]
        if {$piece eq [string reverse $piece]} {incr found}
    }
    return $found
}

proc occurrences {needle text} {
    set count 0
    set at 0
    while {[set at [string first $needle $text $at]] >= 0} {
        incr count
        incr at
    }
    return $count
}

proc globs {lines} {
    set count 0
    foreach line $lines {
        if {[string match "let v*3 = *" $line]} {incr count}
        if {[string match -nocase {*TEXT [0-4]*} $line]} {incr count}
        if {[string compare -length 6 $line "let v1"] == 0} {incr count}
        if {[string last ";" $line] > 40} {incr count}
    }
    return $count
}

proc main {factor} {
    set rounds [expr {int(45 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set text [sample 700]
    set lines [split $text \n]
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set counts [tokenize $text]
        dict for {kind n} $counts {incr sum $n}
        incr sum [palindromes [string range $text 0 20000] 4]
        incr sum [occurrences e $text]
        incr sum [occurrences "alpha + 1" $text]
        incr sum [globs $lines]
    }
    puts "string_scan $rounds $sum $counts"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
