# A dictionary built key by key, updated in place and looked up.
# usage: dict.tcl KEYS

proc build {n} {
    set d [dict create]
    for {set i 0} {$i < $n} {incr i} {dict set d key$i $i}
    for {set i 0} {$i < $n} {incr i} {dict incr d key$i}
    return $d
}

proc look {d n} {
    set sum 0
    for {set i 0} {$i < $n} {incr i 2} {incr sum [dict get $d key$i]}
    return $sum
}

set d [build [lindex $argv 0]]
puts "dict [lindex $argv 0] [dict size $d] [look $d [lindex $argv 0]]"
