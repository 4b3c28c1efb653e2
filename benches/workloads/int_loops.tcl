# Integer arithmetic in while and for loops: Collatz, gcd, a linear congruence, bit counts.

proc collatz {limit} {
    set best 0
    set bestLength 0
    for {set start 1} {$start <= $limit} {incr start} {
        set n $start
        set length 1
        while {$n != 1} {
            if {$n % 2 == 0} {
                set n [expr {$n / 2}]
            } else {
                set n [expr {3 * $n + 1}]
            }
            incr length
        }
        if {$length > $bestLength} {
            set best $start
            set bestLength $length
        }
    }
    return [expr {$best * 1000 + $bestLength}]
}

proc gcdSum {limit} {
    set sum 0
    for {set i 1} {$i <= $limit} {incr i} {
        for {set j 1} {$j <= $i} {incr j 3} {
            set a $i
            set b $j
            while {$b} {
                set t [expr {$a % $b}]
                set a $b
                set b $t
            }
            incr sum $a
        }
    }
    return $sum
}

proc congruence {steps} {
    set x 12345
    set ones 0
    for {set i 0} {$i < $steps} {incr i} {
        set x [expr {($x * 1103515245 + 12345) & 0x7fffffff}]
        if {($x >> 16) & 1} {incr ones}
    }
    return [expr {$x ^ $ones}]
}

proc bits {limit} {
    set sum 0
    for {set i 0} {$i < $limit} {incr i} {
        set n $i
        while {$n} {
            set n [expr {$n & ($n - 1)}]
            incr sum
        }
    }
    return $sum
}

proc main {factor} {
    set rounds [expr {int(28 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set sum [expr {($sum + [collatz 1500] + [gcdSum 130] + [congruence 100000] + [bits 10000]) % 1000000007}]
    }
    puts "int_loops $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
