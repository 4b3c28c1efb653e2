# Lists built, cut, joined and walked: lappend, linsert, lreplace, lrange, concat, lreverse, lassign, lmap, lsearch.

proc build {n} {
    set items {}
    for {set i 0} {$i < $n} {incr i} {
        lappend items $i [expr {$i * 7 % 1001}] item$i
    }
    return $items
}

proc pairs {items} {
    set sum 0
    foreach {index value name} $items {
        incr sum [expr {$index ^ $value}]
        incr sum [string length $name]
    }
    return $sum
}

proc queue {n} {
    set work [list 1 2 3]
    set sum 0
    for {set i 0} {$i < $n} {incr i} {
        set head [lindex $work 0]
        set work [lrange $work 1 end]
        incr sum $head
        lappend work [expr {($head * 31 + $i) % 997}]
        if {$i % 50 == 0} {lappend work $i}
        if {[llength $work] > 60} {set work [lreplace $work 10 29]}
    }
    return $sum
}

proc stack {n} {
    set stack {}
    set sum 0
    for {set i 0} {$i < $n} {incr i} {
        lappend stack $i
        if {[llength $stack] > $i % 60} {
            incr sum [lindex $stack end]
            set stack [lreplace $stack end end]
        }
    }
    return [expr {$sum + [llength $stack]}]
}

proc ordered {n} {
    set out {}
    for {set i 0} {$i < $n} {incr i} {
        set value [expr {$i * 7919 % 3001}]
        set at [lsearch -integer -sorted -bisect $out $value]
        set out [linsert $out [expr {$at + 1}] $value]
    }
    return [lindex $out [expr {$n / 2}]]
}

proc main {factor} {
    set rounds [expr {int(24 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set items [build 15000]
        incr sum [pairs $items]
        foreach {name value index} [lreverse [lrange $items 0 5999]] {incr sum [expr {$value - $index}]}
        set squares [lmap {i v -} $items {expr {$i * $v}}]
        incr sum [lindex $squares end]
        set joined [concat $squares [list a b c] $items]
        incr sum [llength $joined]
        incr sum [lsearch -exact $joined c]
        lassign [lrange $joined 100 104] a b c d e
        incr sum [expr {$a + $b + $c + $d + $e}]
        incr sum [queue 12000]
        incr sum [stack 20000]
        incr sum [ordered 1200]
    }
    puts "list_build $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
