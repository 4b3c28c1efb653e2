# Sends `expr {1+1}` over and over and prints microseconds a send: p50 and p99 over batches, as "name value" lines.
# usage: send_client.tcl send TARGET COUNT | send_client.tcl comm PORT COUNT

proc percentile {sorted share} {
    return [lindex $sorted [expr {int(([llength $sorted] - 1) * $share)}]]
}

proc measure {count batch prefix} {
    for {set i 0} {$i < 100} {incr i} {{*}$prefix {expr {1+1}}}
    set samples {}
    set whole [clock microseconds]
    for {set i 0} {$i < $count} {incr i $batch} {
        set began [clock microseconds]
        for {set k 0} {$k < $batch} {incr k} {
            if {[{*}$prefix {expr {1+1}}] != 2} {error "wrong answer"}
        }
        lappend samples [expr {([clock microseconds] - $began) / double($batch)}]
    }
    set whole [expr {[clock microseconds] - $whole}]
    set samples [lsort -real $samples]
    puts "p50 [percentile $samples 0.5]"
    puts "p99 [percentile $samples 0.99]"
    puts "rate [expr {int(1e6 * $count / $whole)}]"
}

lassign $argv kind target count
if {$kind eq "comm"} {
    package require comm
    measure $count 10 [list comm::comm send $target]
} else {
    measure $count 10 [list send $target]
}
