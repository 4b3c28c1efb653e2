# Errors thrown, caught and passed on: catch, try with handlers and finally, throw, return -code, rethrow, break out of loops.

proc depth {n} {
    if {$n == 0} {error "bottom reached" "" {TEST BOTTOM}}
    depth [expr {$n - 1}]
}

proc parse {text} {
    if {![string is integer -strict $text]} {
        throw [list PARSE NUMBER $text] "not a number: $text"
    }
    return $text
}

proc guarded {text} {
    global closed
    try {
        return [parse $text]
    } trap {PARSE NUMBER} {message options} {
        return [string length $message]
    } on error {message} {
        return -1000
    } finally {
        incr closed
    }
}

proc leave {kind} {
    switch $kind {
        0 {return -code ok 1}
        1 {return -code error -errorcode {LEAVE NOW} "left"}
        2 {return -code break}
        3 {return -code continue}
        4 {return -code 17 seventeen}
    }
}

proc rethrow {n} {
    if {[catch {depth $n} message options]} {
        dict set options -errorcode [list WRAPPED {*}[dict get $options -errorcode]]
        return -options $options "wrapped: $message"
    }
}

proc main {factor} {
    global closed
    set closed 0
    set rounds [expr {int(15000 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set i 0} {$i < $rounds} {incr i} {
        if {[catch {depth 5} message options]} {
            incr sum [expr {[string length $message] + [dict get $options -errorline]}]
        }
        incr sum [catch {expr {1 / 0}}]
        incr sum [catch {set no_such_variable}]
        incr sum [guarded [expr {$i % 3 ? $i % 100 : "x$i"}]]
        for {set k 0} {$k < 3} {incr k} {
            incr sum [catch {leave [expr {($i + $k) % 5}]} result]
        }
        foreach kind {0 3 2 0} {
            leave $kind
            incr sum
        }
        if {[catch {rethrow 2} message options]} {
            incr sum [llength [dict get $options -errorcode]]
        }
    }
    puts "exceptions $rounds $sum $closed"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
