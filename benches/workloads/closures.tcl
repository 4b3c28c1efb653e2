# Lambdas by apply, command prefixes, map, filter and fold written in Tcl, counters made at run time.

proc map {lambda list} {
    set out {}
    foreach item $list {lappend out [apply $lambda $item]}
    return $out
}

proc filter {prefix list} {
    set out {}
    foreach item $list {
        if {[{*}$prefix $item]} {lappend out $item}
    }
    return $out
}

proc fold {lambda start list} {
    foreach item $list {set start [apply $lambda $start $item]}
    return $start
}

proc compose {args} {
    return [list apply {{steps x} {
        foreach step $steps {set x [{*}$step $x]}
        return $x
    }} $args]
}

proc adder {n} {
    return [list apply {{n x} {expr {$n + $x}}} $n]
}

proc above {limit x} {
    return [expr {$x % 1000 > $limit}]
}

proc range {n} {
    set out {}
    for {set i 0} {$i < $n} {incr i} {lappend out $i}
    return $out
}

proc main {factor} {
    set rounds [expr {int(220 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    set numbers [range 2000]
    for {set r 0} {$r < $rounds} {incr r} {
        set mapped [map {x {expr {$x * $x + 1}}} $numbers]
        set kept [filter [list above 400] $mapped]
        incr sum [fold {{acc x} {expr {($acc * 7 + $x) % 1000003}}} 0 $kept]
        set chain [compose [adder 5] [adder -2] [list above 500]]
        incr sum [llength [filter $chain $numbers]]
        set scale [expr {$r + 2}]
        incr sum [fold [list {acc x} "expr {\$acc + \$x * $scale}"] 0 [lrange $numbers 0 499]]
    }
    puts "closures $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
