# A list built one element at a time, then walked: the time must grow with the size, not with its square.
# usage: list.tcl ELEMENTS

proc build {n} {
    set items {}
    for {set i 0} {$i < $n} {incr i} {lappend items [expr {$i % 1000}]}
    for {set i 0} {$i < $n} {incr i} {lset items $i [expr {[lindex $items $i] + 1}]}
    return $items
}

set sum 0
foreach item [build [lindex $argv 0]] {incr sum $item}
puts "list [lindex $argv 0] $sum"
