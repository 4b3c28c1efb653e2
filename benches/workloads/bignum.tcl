# Integers beyond 64 bits: factorial, powers modulo, Fibonacci, digits of pi and e, a 128-bit hash.

proc factorial {n} {
    set product 1
    for {set i 2} {$i <= $n} {incr i} {set product [expr {$product * $i}]}
    return $product
}

proc powmod {base exponent modulus} {
    set result 1
    set base [expr {$base % $modulus}]
    while {$exponent > 0} {
        if {$exponent & 1} {set result [expr {$result * $base % $modulus}]}
        set exponent [expr {$exponent >> 1}]
        set base [expr {$base * $base % $modulus}]
    }
    return $result
}

proc fibonacci {n} {
    set a 0
    set b 1
    for {set i 0} {$i < $n} {incr i} {
        set next [expr {$a + $b}]
        set a $b
        set b $next
    }
    return $a
}

proc piDigits {count} {
    set q 1; set r 0; set t 1; set k 1; set n 3; set l 3
    set out ""
    while {[string length $out] < $count} {
        if {4 * $q + $r - $t < $n * $t} {
            append out $n
            set nr [expr {10 * ($r - $n * $t)}]
            set n [expr {(10 * (3 * $q + $r)) / $t - 10 * $n}]
            set q [expr {$q * 10}]
            set r $nr
        } else {
            set nr [expr {(2 * $q + $r) * $l}]
            set nn [expr {($q * (7 * $k) + 2 + $r * $l) / ($t * $l)}]
            set q [expr {$q * $k}]
            set t [expr {$t * $l}]
            incr l 2
            incr k
            set n $nn
            set r $nr
        }
    }
    return $out
}

proc hash {text} {
    set h 0x6c62272e07bb014262b821756295c58d
    foreach char [split $text ""] {
        scan $char %c code
        set h [expr {(($h ^ $code) * 0x1000000000000000000013b) & 0xffffffffffffffffffffffffffffffff}]
    }
    return [format %llx $h]
}

proc digitSum {n} {
    set sum 0
    foreach digit [split $n ""] {incr sum $digit}
    return $sum
}

proc main {factor} {
    set rounds [expr {int(32 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    set prime [expr {(1 << 127) - 1}]
    for {set r 0} {$r < $rounds} {incr r} {
        incr sum [digitSum [factorial [expr {450 + $r}]]]
        for {set i 0} {$i < 22} {incr i} {
            incr sum [expr {[powmod [expr {3 + $i + $r}] [expr {$prime / (7 + $i)}] $prime] % 1000003}]
        }
        incr sum [digitSum [fibonacci 2500]]
        set pi [piDigits 250]
        incr sum [digitSum $pi]
        set hash [hash [string repeat "message $r " 500]]
    }
    puts "bignum $rounds $sum $hash [string range $pi 240 249]"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
