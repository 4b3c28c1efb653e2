# Matrices as lists of lists: product, transpose, and elimination with doubles.

proc makeMatrix {n seed} {
    set rows {}
    for {set i 0} {$i < $n} {incr i} {
        set row {}
        for {set j 0} {$j < $n} {incr j} {
            set seed [expr {($seed * 69069 + 1) % 65536}]
            lappend row [expr {$seed % 19 - 9}]
        }
        lappend rows $row
    }
    return $rows
}

proc transpose {m} {
    set out {}
    set n [llength [lindex $m 0]]
    for {set j 0} {$j < $n} {incr j} {
        set column {}
        foreach row $m {lappend column [lindex $row $j]}
        lappend out $column
    }
    return $out
}

proc multiply {a b} {
    set columns [transpose $b]
    set out {}
    foreach row $a {
        set line {}
        foreach column $columns {
            set sum 0
            foreach x $row y $column {set sum [expr {$sum + $x * $y}]}
            lappend line $sum
        }
        lappend out $line
    }
    return $out
}

proc multiplyIndexed {a b n} {
    set out [lrepeat $n [lrepeat $n 0]]
    for {set i 0} {$i < $n} {incr i} {
        for {set j 0} {$j < $n} {incr j} {
            set sum 0
            for {set k 0} {$k < $n} {incr k} {
                incr sum [expr {[lindex $a $i $k] * [lindex $b $k $j]}]
            }
            lset out $i $j $sum
        }
    }
    return $out
}

proc determinant {m} {
    set n [llength $m]
    set det 1.0
    for {set k 0} {$k < $n} {incr k} {
        set pivot [lindex $m $k $k]
        for {set r $k} {$r < $n && abs($pivot) < 1e-9} {} {
            incr r
            if {$r == $n} {return 0.0}
            set swap [lindex $m $r]
            lset m $r [lindex $m $k]
            lset m $k $swap
            set det [expr {-$det}]
            set pivot [lindex $m $k $k]
        }
        set det [expr {$det * $pivot}]
        for {set i [expr {$k + 1}]} {$i < $n} {incr i} {
            set scale [expr {[lindex $m $i $k] / double($pivot)}]
            for {set j $k} {$j < $n} {incr j} {
                lset m $i $j [expr {[lindex $m $i $j] - $scale * [lindex $m $k $j]}]
            }
        }
    }
    return $det
}

proc main {factor} {
    set rounds [expr {int(17 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set n 48
    set trace 0
    set dets 0.0
    for {set r 0} {$r < $rounds} {incr r} {
        set a [makeMatrix $n [expr {$r + 1}]]
        set b [makeMatrix $n [expr {$r + 101}]]
        set c [multiply $a $b]
        set d [multiplyIndexed $a $b $n]
        if {$c ne $d} {error "the two products differ"}
        for {set i 0} {$i < $n} {incr i} {incr trace [lindex $c $i $i]}
        set dets [expr {$dets + [determinant [makeMatrix 30 $r]] / 1e30}]
    }
    puts "matrix $rounds $trace [format %.6e $dets]"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
