# Calls of procedures with small bodies: fib, tak and ackermann.

proc fib {n} {
    if {$n < 2} {return $n}
    return [expr {[fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]}]
}

proc tak {x y z} {
    if {$y >= $x} {return $z}
    tak [tak [expr {$x - 1}] $y $z] [tak [expr {$y - 1}] $z $x] [tak [expr {$z - 1}] $x $y]
}

proc ackermann {m n} {
    if {$m == 0} {return [expr {$n + 1}]}
    if {$n == 0} {return [ackermann [expr {$m - 1}] 1]}
    ackermann [expr {$m - 1}] [ackermann $m [expr {$n - 1}]]
}

proc main {factor} {
    set rounds [expr {int(27 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set i 0} {$i < $rounds} {incr i} {
        incr sum [fib [expr {20 + $i % 3}]]
        incr sum [tak 12 8 [expr {$i % 4}]]
        incr sum [ackermann 2 [expr {20 + $i % 5}]]
    }
    puts "fib $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
