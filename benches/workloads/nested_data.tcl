# Records within records: dicts of lists of dicts, changed in place with dict set, dict with, dict update, and lset.

proc company {departments people} {
    set all [dict create]
    for {set d 0} {$d < $departments} {incr d} {
        set staff {}
        for {set p 0} {$p < $people} {incr p} {
            lappend staff [dict create name n$d.$p pay [expr {1000 + ($d * 37 + $p * 11) % 500}] tags [list t[expr {$p % 5}] all]]
        }
        dict set all dept$d [dict create staff $staff budget 0 places [dict create north 0 south 0]]
    }
    return $all
}

proc pay {all} {
    set sum 0
    dict for {name dept} $all {
        foreach person [dict get $dept staff] {
            incr sum [dict get $person pay]
            if {"t3" in [dict get $person tags]} {incr sum 1}
        }
    }
    return $sum
}

proc raise {all} {
    foreach name [dict keys $all] {
        dict with all $name {
            set i 0
            foreach person $staff {
                dict incr person pay 10
                lset staff $i $person
                incr i
            }
            incr budget [llength $staff]
        }
    }
    return $all
}

proc ledger {allName rounds} {
    upvar 1 $allName all
    set names [dict keys $all]
    set n [llength $names]
    for {set i 0} {$i < $rounds} {incr i} {
        set name [lindex $names [expr {$i % $n}]]
        dict set all $name places north [expr {[dict get $all $name places north] + $i % 7}]
        dict update all $name dept {
            dict update dept places places {
                dict incr places south 2
                dict lappend places log $i
            }
        }
    }
}

proc tree {depth} {
    if {$depth == 0} {return [list leaf $depth {} {}]}
    set below [tree [expr {$depth - 1}]]
    return [list node $depth $below $below]
}

proc treeSum {tree} {
    lassign $tree kind value left right
    if {$kind eq "leaf"} {return 1}
    return [expr {$value + [treeSum $left] + [treeSum $right]}]
}

proc main {factor} {
    set rounds [expr {int(40 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set all [company 40 50]
        incr sum [pay $all]
        set all [raise [raise $all]]
        incr sum [pay $all]
        ledger all 6000
        incr sum [dict get $all dept7 places south]
        incr sum [llength [dict get $all dept39 places log]]
        incr sum [dict get $all dept3 places north]
        incr sum [treeSum [tree 12]]
    }
    puts "nested_data $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
