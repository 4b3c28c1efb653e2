# Ensembles of our own and of Tcl, with parameters, maps and nesting; commands found at run time by name.

namespace eval ::vec {
    namespace export make add scale dot size
    namespace ensemble create
    proc make {args} {return $args}
    proc add {a b} {return [lmap x $a y $b {expr {$x + $y}}]}
    proc scale {a k} {return [lmap x $a {expr {$x * $k}}]}
    proc dot {a b} {
        set sum 0
        foreach x $a y $b {incr sum [expr {$x * $y}]}
        return $sum
    }
    proc size {a} {return [llength $a]}
}

namespace eval ::stack {
    variable items {}
    proc Push {x} {
        variable items
        lappend items $x
        return [llength $items]
    }
    proc Pop {} {
        variable items
        set x [lindex $items end]
        set items [lrange $items 0 end-1]
        return $x
    }
    proc Depth {} {
        variable items
        return [llength $items]
    }
    namespace ensemble create -command ::st -map {push ::stack::Push pop ::stack::Pop depth ::stack::Depth}
}

namespace ensemble create -command ::tool -map {v ::vec s ::st text {::string} twice {::vec scale {1 2 3}}}

proc main {factor} {
    set rounds [expr {int(75000 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    set verbs {length toupper tolower reverse}
    for {set i 0} {$i < $rounds} {incr i} {
        set a [vec make $i 2 3]
        set b [vec add $a [vec scale $a 2]]
        incr sum [vec dot $a $b]
        st push $i
        st push [vec size $b]
        incr sum [st pop]
        if {[st depth] > 50} {while {[st depth]} {incr sum [st pop]}}
        incr sum [tool text length "abc$i"]
        incr sum [tool v size [tool twice 3]]
        tool s push $i
        set verb [lindex $verbs [expr {$i & 3}]]
        incr sum [string length [string $verb Word$i]]
        incr sum [dict size [dict create a 1 b $i]]
        incr sum [info exists sum]
    }
    puts "ensembles $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
