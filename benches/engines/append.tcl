# Elements appended to a list.
proc main {} {
    for {set i 0} {$i < 20000} {incr i} {
        lappend list $i
    }
    return [llength $list]
}
puts [main]
