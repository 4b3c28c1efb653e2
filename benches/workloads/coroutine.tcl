# Coroutines: generators, a pipeline of them, many short-lived ones, and two that answer each other.

proc count {from to} {
    yield [info coroutine]
    for {set i $from} {$i < $to} {incr i} {yield $i}
    return -1
}

proc odd {source} {
    yield [info coroutine]
    while {[set n [$source]] >= 0} {
        if {$n & 1} {yield $n}
    }
    return -1
}

proc square {source} {
    yield [info coroutine]
    while {[set n [$source]] >= 0} {yield [expr {$n * $n}]}
    return -1
}

proc accumulator {} {
    set total 0
    set got [yield]
    while 1 {
        incr total $got
        set got [yield $total]
    }
}

proc walk {tree} {
    foreach node $tree {
        if {[llength $node] > 1} {walk $node} else {yield $node}
    }
}

proc walker {tree} {
    yield
    walk $tree
    return ""
}

proc main {factor} {
    set rounds [expr {int(48 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        coroutine numbers count 0 16000
        coroutine odds odd numbers
        coroutine squares square odds
        while {[set n [squares]] >= 0} {set sum [expr {($sum + $n) % 1000003}]}
        coroutine total accumulator
        for {set i 0} {$i < 30000} {incr i} {total $i}
        incr sum [total 0]
        rename total {}
        for {set i 0} {$i < 3000} {incr i} {
            coroutine short count $i [expr {$i + 2}]
            incr sum [short]
            incr sum [short]
            short
        }
        coroutine next walker {1 {2 3 {4 5}} {6 {7 {8 9}}} 10}
        while {[set n [next]] ne ""} {incr sum $n}
    }
    puts "coroutine $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
