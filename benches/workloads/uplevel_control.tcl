# Control structures written in Tcl with uplevel and upvar: repeat, do-until, with-index loops, assert, let.

proc repeat {count body} {
    for {set i 0} {$i < $count} {incr i} {
        set code [catch {uplevel 1 $body} result options]
        switch $code {
            0 - 4 {}
            3 {return}
            default {return -options [dict incr options -level] $result}
        }
    }
}

proc do {body until condition} {
    while 1 {
        uplevel 1 $body
        if {[uplevel 1 [list expr $condition]]} break
    }
}

proc each {indexName itemName list body} {
    upvar 1 $indexName index $itemName item
    set index 0
    foreach item $list {
        uplevel 1 $body
        incr index
    }
}

proc assert {condition} {
    if {![uplevel 1 [list expr $condition]]} {
        return -code error "assertion failed: $condition"
    }
}

proc let {name = expression} {
    upvar 1 $name target
    set target [uplevel 1 [list expr $expression]]
}

proc increment {name {by 1}} {
    upvar 1 $name target
    set target [expr {$target + $by}]
}

proc work {size} {
    set total 0
    set n 0
    repeat $size {
        increment n
        if {$n % 5 == 0} continue
        increment total $n
        if {$n > $size - 3} break
    }
    set k 0
    do {
        increment k
        let twice = {$k * 2}
        increment total $twice
    } until {$k >= $size}
    each i word {alpha beta gamma delta} {
        assert {$i < 4}
        increment total [string length $word]
    }
    return $total
}

proc main {factor} {
    set rounds [expr {int(950 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        incr sum [work [expr {250 + $r % 10}]]
    }
    puts "uplevel_control $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
