# Sorting: integers, reals, text, dictionary order, without case, by column, unique, by a comparison procedure, indices.

proc numbers {n seed} {
    set out {}
    for {set i 0} {$i < $n} {incr i} {
        set seed [expr {($seed * 16807) % 2147483647}]
        lappend out [expr {$seed % 100000}]
    }
    return $out
}

proc byLastDigit {a b} {
    set c [expr {$a % 10 - $b % 10}]
    if {$c} {return $c}
    return [expr {$a - $b}]
}

proc checksum {list} {
    set sum 0
    set i 0
    foreach item $list {
        incr i
        if {$i % 7 == 0} {set sum [expr {($sum * 131 + [string length $item] + [scan $item %c]) % 1000003}]}
    }
    return $sum
}

proc main {factor} {
    set rounds [expr {int(11 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set n 10000
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set ints [numbers $n [expr {$r + 1}]]
        set reals [lmap i $ints {expr {$i / 7.0}}]
        set names [lmap i $ints {string cat Name[expr {$i % 7919}] _ [expr {$i % 10}]}]
        set rows [lmap i $ints name $names {list $i $name [expr {$i % 100}]}]
        incr sum [checksum [lsort -integer $ints]]
        incr sum [checksum [lsort -integer -decreasing -unique $ints]]
        incr sum [checksum [lsort -real $reals]]
        incr sum [checksum [lsort $names]]
        incr sum [checksum [lsort -dictionary $names]]
        incr sum [checksum [lsort -nocase -decreasing $names]]
        incr sum [checksum [lsort -index 1 [lsort -integer -index 2 $rows]]]
        incr sum [checksum [lsort -stride 2 -index 1 -integer [lrange $ints 0 4999]]]
        incr sum [checksum [lsort -indices -integer $ints]]
        incr sum [checksum [lsort -command byLastDigit [lrange $ints 0 2499]]]
    }
    puts "lsort $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
