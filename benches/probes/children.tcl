# Child interpreters: memory of one that is kept, time to make and delete one. Prints "name value" lines.
# usage: children.tcl KEPT MADE

proc residentKilobytes {} {
    set in [open /proc/self/status]
    set text [read $in]
    close $in
    regexp {VmRSS:\s+(\d+)} $text -> kilobytes
    return $kilobytes
}

proc keep {count} {
    interp delete [interp create]
    residentKilobytes
    set before [residentKilobytes]
    for {set i 0} {$i < $count} {incr i} {lappend children [interp create]}
    set after [residentKilobytes]
    foreach child $children {interp delete $child}
    return [expr {($after - $before) / double($count)}]
}

proc churn {count} {
    set samples {}
    for {set i 0} {$i < $count} {incr i} {
        set began [clock microseconds]
        interp delete [interp create]
        lappend samples [expr {[clock microseconds] - $began}]
    }
    return [lindex [lsort -integer $samples] [expr {$count / 2}]]
}

lassign $argv kept made
puts "kilobytes [format %.1f [keep $kept]]"
puts "microseconds [churn $made]"
