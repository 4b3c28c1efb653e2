# A string built piece by piece, then read by position.
# usage: string.tcl PIECES

proc build {n} {
    set text ""
    for {set i 0} {$i < $n} {incr i} {append text "piece " $i \n}
    return $text
}

proc count {text} {
    set lines 0
    set at 0
    while {[set at [string first \n $text $at]] >= 0} {
        incr lines
        incr at
    }
    return $lines
}

set text [build [lindex $argv 0]]
puts "string [lindex $argv 0] [string length $text] [count $text]"
