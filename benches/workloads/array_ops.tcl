# Array variables: counting, a grid with composite keys, names, get, set, unset, and arrays reached through upvar.

proc fillGrid {gridName n} {
    upvar 1 $gridName grid
    for {set y 0} {$y < $n} {incr y} {
        for {set x 0} {$x < $n} {incr x} {
            set grid($x,$y) [expr {($x * 3 + $y * 5) % 7 == 0}]
        }
    }
}

proc neighbours {gridName n} {
    upvar 1 $gridName grid
    set sum 0
    for {set y 1} {$y < $n - 1} {incr y} {
        for {set x 1} {$x < $n - 1} {incr x} {
            set left [expr {$x - 1}]
            set right [expr {$x + 1}]
            incr sum [expr {$grid($left,$y) + $grid($right,$y) * 2 + $grid($x,$y) * 4}]
        }
    }
    return $sum
}

proc tally {n} {
    set x 7
    for {set i 0} {$i < $n} {incr i} {
        set x [expr {($x * 48271) % 2147483647}]
        incr count([expr {$x % 701}])
        append text([expr {$x % 97}]) .
    }
    set sum 0
    foreach name [lsort -integer [array names count]] {
        set sum [expr {($sum * 31 + $count($name)) % 1000003}]
    }
    foreach {name value} [array get text] {incr sum [string length $value]}
    return [expr {$sum + [array size count]}]
}

proc memo {n} {
    global cache
    if {[info exists cache($n)]} {return $cache($n)}
    set cache($n) [expr {$n < 2 ? $n : ([memo [expr {$n - 1}]] + [memo [expr {$n - 2}]]) % 1000003}]
}

proc main {factor} {
    global cache
    set rounds [expr {int(36 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        fillGrid grid 90
        incr sum [neighbours grid 90]
        array unset grid 1*
        incr sum [array size grid]
        array unset grid
        incr sum [tally 25000]
        incr sum [memo 400]
        array unset cache
        array set copy {a 1 b 2 c 3}
        incr sum [llength [array get copy]]
    }
    puts "array_ops $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
