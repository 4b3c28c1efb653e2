# Strings built piece by piece: append, repeat, replace, reverse, case, trim, pad; a report of many lines.

proc report {rows} {
    set out ""
    for {set i 0} {$i < $rows} {incr i} {
        append out "row " $i ": name=user" [expr {$i % 100}] " total=" [expr {$i * 37 % 1009}] "; "
        if {$i % 8 == 7} {append out \n}
    }
    return $out
}

proc caesar {text shift} {
    set alphabet abcdefghijklmnopqrstuvwxyz
    set out ""
    foreach char [split $text ""] {
        set at [string first $char $alphabet]
        if {$at >= 0} {
            append out [string index $alphabet [expr {($at + $shift) % 26}]]
        } else {
            append out $char
        }
    }
    return $out
}

proc escape {text} {
    set out ""
    set n [string length $text]
    for {set i 0} {$i < $n} {incr i} {
        set char [string index $text $i]
        if {$char eq "="} {
            append out "&eq;"
        } elseif {$char eq "\n"} {
            append out "<br>"
        } else {
            append out $char
        }
    }
    return $out
}

proc pieces {n} {
    set sum 0
    for {set i 0} {$i < $n} {incr i} {
        set s "  Item-$i  "
        set s [string trim $s]
        set s [string toupper $s]
        set s [string replace $s 0 3 thing]
        set s "$s/[string reverse $s]/[string repeat ab 3]"
        incr sum [string length $s]
    }
    return $sum
}

proc main {factor} {
    set rounds [expr {int(42 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set text [report 4000]
        incr sum [string length $text]
        set part [string range $text 1000 12999]
        set coded [caesar $part [expr {$r + 3}]]
        incr sum [string length [escape $part]]
        incr sum [scan [string index $coded 77] %c]
        incr sum [pieces 8000]
    }
    puts "string_build $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
