# Two processes signal each other by file and evaluate scripts in each other.
#
#   cargo run --release -- scripts/demo/demo.tcl
#
# This process starts a second one, which runs partner.tcl, and stops it in the end.

set here [file dirname [file normalize [info script]]]
set folder [file join / tmp remex-demo-[pid]]
file mkdir $folder
cd $folder

set me demo-[pid]
set partner partner-[pid]
set visits 0

proc say {text} {
    puts "demo:    $text"
    flush stdout
}

# What the partner calls while it works for us.
proc price {item} {
    incr ::visits
    return [dict get {feather 3 quill 5 ink 8} $item]
}

remote serve -name $me
exec [info nameofexecutable] [file join $here partner.tcl] $folder $partner $me >@stdout 2>@stderr &

try {
    say "waiting for the signal \"ready\""
    say "got it, with the message: [fsignal wait ready -timeout 10000]"
    fsignal send go "42 orders are waiting"
    say "the partner heard: [fsignal wait heard -timeout 10000]"

    say "6 * 7 in the partner is [remote eval $partner {expr {6 * 7}}]"
    say "its process is another one: [expr {[remote eval $partner pid] != [pid]}]"
    remote eval $partner {proc greet {who} {return "hello, $who"}}
    say "a procedure defined there answers: [remote call $partner greet "two words"]"
    say "an order of 2 feathers and 3 inks costs [remote call $partner order {feather 2 ink 3}]"
    say "to add that up the partner asked here $visits times for a price"

    catch {remote eval $partner {order {feather 1 gold 1}}} message options
    say "an order of gold fails there: $message"
    say "its error code came along: [dict get $options -errorcode]"

    if {[catch {remote eval -timeout 200 $partner {while 1 {catch {while 1 {}}}}} message]} {
        say "a script that spins is stopped: $message"
    }
    say "and the partner lives on: [remote eval $partner {string reverse evila}]"

    send -async $partner {set finished 1}
    say "last signal: [fsignal wait done -timeout 10000]"
} finally {
    catch {send -async $partner {set finished 1}}
    cd /
    file delete -force $folder
}
