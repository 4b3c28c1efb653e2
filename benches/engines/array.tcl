# Elements of an array, written and read.
proc main {} {
    for {set i 0} {$i < 60000} {incr i} {
        set table($i) $i
    }
    set sum 0
    for {set i 0} {$i < 60000} {incr i} {
        incr sum $table($i)
    }
    return $sum
}
puts [main]
