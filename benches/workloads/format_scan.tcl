# format and scan: integers in several bases, reals, padding, text, and the same values read back.

proc lines {n} {
    set out {}
    for {set i 0} {$i < $n} {incr i} {
        set x [expr {$i * 1.25 - 100}]
        lappend out [format "%05d %-12s|%8.3f|%x %o %e %+d" $i name$i $x [expr {$i * 77}] $i [expr {$x * 1e6}] [expr {$i - 50}]]
    }
    return $out
}

proc back {lines} {
    set sum 0.0
    foreach line $lines {
        if {[scan $line "%d %12s|%f|%x %o %g %d" n name x hex oct e signed] == 7} {
            set sum [expr {$sum + $n + $x + $hex + $oct + $signed + $e / 1e6 + [string length $name]}]
        }
    }
    return $sum
}

proc codes {n} {
    set sum 0
    for {set i 0} {$i < $n} {incr i} {
        set char [format %c [expr {65 + $i % 500}]]
        incr sum [scan $char %c]
        scan [format "%d:%02d:%02d" [expr {$i / 3600}] [expr {$i / 60 % 60}] [expr {$i % 60}]] "%d:%d:%d" h m s
        incr sum [expr {$h * 3600 + $m * 60 + $s}]
        incr sum [string length [format %-*s|%u 6 x$i $i]]
    }
    return $sum
}

proc main {factor} {
    set rounds [expr {int(18 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0.0
    for {set r 0} {$r < $rounds} {incr r} {
        set lines [lines 5000]
        set sum [expr {$sum + [back $lines]}]
        set sum [expr {$sum + [codes 8000]}]
    }
    puts "format_scan $rounds [format %.3f $sum] [lindex $lines 321]"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
