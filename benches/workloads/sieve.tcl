# The sieve of Eratosthenes over a list changed in place, and prime counting by trial division.

proc sieve {limit} {
    set flags [lrepeat [expr {$limit + 1}] 1]
    lset flags 0 0
    lset flags 1 0
    for {set i 2} {$i * $i <= $limit} {incr i} {
        if {![lindex $flags $i]} continue
        for {set j [expr {$i * $i}]} {$j <= $limit} {incr j $i} {
            lset flags $j 0
        }
    }
    set primes {}
    set n 0
    foreach flag $flags {
        if {$flag} {lappend primes $n}
        incr n
    }
    return $primes
}

proc trial {limit primes} {
    set count 0
    for {set n 2} {$n <= $limit} {incr n} {
        foreach p $primes {
            if {$p * $p > $n} {incr count; break}
            if {$n % $p == 0} break
        }
    }
    return $count
}

proc main {factor} {
    set limit [expr {int(3000000 * $factor)}]
    if {$limit < 200} {set limit 200}
    set primes [sieve $limit]
    set sum 0
    foreach p $primes {incr sum $p}
    set small [lrange $primes 0 60]
    puts "sieve $limit [llength $primes] $sum [lindex $primes end] [trial [expr {min($limit, 80000)}] $small]"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
