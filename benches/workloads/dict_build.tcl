# Dictionaries: word counts, lookup, update in place, merging, iteration and filtering.

proc words {n} {
    set out {}
    set x 42
    for {set i 0} {$i < $n} {incr i} {
        set x [expr {($x * 16807) % 2147483647}]
        lappend out w[expr {$x % 2500}]
    }
    return $out
}

proc count {words} {
    set counts [dict create]
    foreach word $words {dict incr counts $word}
    return $counts
}

proc index {words} {
    set places [dict create]
    set i 0
    foreach word $words {
        dict lappend places $word $i
        incr i
    }
    return $places
}

proc main {factor} {
    set rounds [expr {int(17 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set words [words 20000]
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set counts [count $words]
        set places [index $words]
        foreach word $words {
            if {[dict exists $counts $word]} {
                set sum [expr {($sum * 3 + [dict get $counts $word]) % 1000003}]
            }
        }
        dict for {word list} $places {
            incr sum [expr {[lindex $list end] - [lindex $list 0]}]
        }
        set squares [dict create]
        for {set i 0} {$i < 15000} {incr i} {dict set squares $i [expr {$i * $i}]}
        for {set i 0} {$i < 15000} {incr i 3} {dict unset squares $i}
        incr sum [dict size $squares]
        set merged [dict merge $counts $squares [dict create extra 1]]
        incr sum [llength [dict keys $merged w1*]]
        set common [dict filter $counts script {word n} {expr {$n > 9}}]
        incr sum [dict size $common]
        dict set merged extra [dict size $merged]
        incr sum [dict get $merged extra]
    }
    puts "dict_build $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
