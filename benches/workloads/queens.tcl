# Backtracking: queens on a board and permutations, with lists as boards and recursion.

proc safe {board row} {
    set column [llength $board]
    set i 0
    foreach other $board {
        set distance [expr {$column - $i}]
        if {$other == $row || abs($other - $row) == $distance} {return 0}
        incr i
    }
    return 1
}

proc place {board size} {
    if {[llength $board] == $size} {return 1}
    set count 0
    for {set row 0} {$row < $size} {incr row} {
        if {[safe $board $row]} {
            incr count [place [concat $board $row] $size]
        }
    }
    return $count
}

proc permute {items used size} {
    set count 0
    if {[llength $used] == $size} {
        return [expr {[lindex $used 0] * 3 + [lindex $used end]}]
    }
    foreach item $items {
        if {$item in $used} continue
        set next $used
        lappend next $item
        incr count [permute $items $next $size]
    }
    return $count
}

proc main {factor} {
    set rounds [expr {int(110 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        incr sum [place {} 7]
        incr sum [permute {1 2 3 4 5 6} {} 6]
    }
    puts "queens $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
