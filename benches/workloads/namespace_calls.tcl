# Procedures and variables in namespaces: qualified and relative calls, import, namespace path, variables, an alias.

namespace eval ::counter {
    variable total 0
    variable limit 1000
    namespace export add reset value
    proc add {n} {
        variable total
        variable limit
        incr total $n
        if {$total > $limit} {set total [expr {$total - $limit}]}
        return $total
    }
    proc value {} {
        variable total
        return $total
    }
    proc reset {} {
        variable total 0
    }
    namespace eval inner {
        proc twice {n} {return [expr {[[namespace parent]::add $n] + [::counter::add $n]}]}
        proc local {n} {return [expr {[helper $n] + 1}]}
        proc helper {n} {return [expr {$n * 2}]}
    }
}

namespace eval ::client {
    namespace import ::counter::add
    namespace path ::counter::inner
    variable log 0
    proc step {n} {
        variable log
        incr log
        return [expr {[add $n] + [twice $n] + [local $n]}]
    }
}

proc ::tally {n} {
    set ::client::log [expr {$::client::log + $n}]
}

proc main {factor} {
    set rounds [expr {int(200000 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    ::counter::reset
    interp alias {} plus3 {} ::counter::add 3
    set sum 0
    for {set i 0} {$i < $rounds} {incr i} {
        incr sum [::client::step [expr {$i % 17}]]
        incr sum [plus3]
        if {$i % 4 == 0} {incr sum [namespace eval ::counter {value}]}
        tally 1
    }
    puts "namespace_calls $rounds $sum [::counter::value] $::client::log"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
