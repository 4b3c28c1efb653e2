# Integer arithmetic in a loop of a procedure.
proc main {} {
    set sum 0
    for {set i 0} {$i < 300000} {incr i} {
        set sum [expr {($sum * 7 + $i) % 65521}]
    }
    return $sum
}
puts [main]
