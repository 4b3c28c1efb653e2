# The other process of demo.tcl: partner.tcl FOLDER NAME OTHER
#
# Serves as NAME, signals in FOLDER that it is ready, evaluates what OTHER sends, and signals its end.

lassign $argv folder me other
cd $folder

proc say {text} {
    puts "partner: $text"
    flush stdout
}

# While this runs here for OTHER, it asks OTHER back.
proc order {lines} {
    set total 0
    dict for {item count} $lines {
        incr total [expr {$count * [send $::other price $item]}]
    }
    return $total
}

remote serve -name $me
fsignal send ready "I serve as [regsub {\d+$} $me N]"
set message [fsignal wait go -timeout 10000]
say "signal \"go\" says: $message"
fsignal send heard $message

# Nobody waits for ever: a demo that died leaves no process behind.
after 60000 {set finished 0}
vwait finished
fsignal send done "the partner is done"
