# Sends a script over and over and prints microseconds a send: p50 and p99 over batches, as "name value" lines.
# usage: send_client.tcl send TARGET COUNT ?SCRIPT? | send_client.tcl comm PORT COUNT
# SCRIPT is `expr {1+1}` unless given.

proc percentile {sorted share} {
    return [lindex $sorted [expr {int(([llength $sorted] - 1) * $share)}]]
}

proc measure {count batch prefix script} {
    for {set i 0} {$i < 100} {incr i} {set wanted [{*}$prefix $script]}
    set samples {}
    set whole [clock microseconds]
    for {set i 0} {$i < $count} {incr i $batch} {
        set began [clock microseconds]
        for {set k 0} {$k < $batch} {incr k} {
            if {[{*}$prefix $script] ne $wanted} {error "wrong answer"}
        }
        lappend samples [expr {([clock microseconds] - $began) / double($batch)}]
    }
    set whole [expr {[clock microseconds] - $whole}]
    set samples [lsort -real $samples]
    puts "p50 [percentile $samples 0.5]"
    puts "p99 [percentile $samples 0.99]"
    puts "rate [expr {int(1e6 * $count / $whole)}]"
}

lassign $argv kind target count script
if {$script eq ""} {set script {expr {1+1}}}
if {$kind eq "comm"} {
    package require comm
    measure $count 10 [list comm::comm send $target] $script
} else {
    measure $count 10 [list send $target] $script
}
