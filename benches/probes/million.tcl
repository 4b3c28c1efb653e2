# Holds a list, a dictionary and an array of 1,000,000 integers each; the benchmark reads the peak memory.

proc main {n} {
    set list {}
    set dict [dict create]
    for {set i 0} {$i < $n} {incr i} {
        lappend list $i
        dict set dict $i $i
        set array($i) $i
    }
    puts "million [llength $list] [dict size $dict] [array size array]"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1000000}]
