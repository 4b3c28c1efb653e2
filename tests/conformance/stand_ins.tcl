# Handed to tcltest as its -loadfile: two commands of Tcl's compiled test build, in plain Tcl, as far as a script can say
# what they do. The tests of regular expressions and of uncompiled commands hang on them. What a stand-in cannot say fails
# under tclsh too, and so is in nobody's favour.

# testevalex SCRIPT ?global?: evaluate without compiling. A script cannot ask for that; the result is the same.
proc ::testevalex {script {where ""}} {
    switch -- $where {
        global {uplevel #0 $script}
        "" {uplevel 1 $script}
        default {return -code error "bad value \"$where\": must be global"}
    }
}

# testregexp ?switches? ?-xflags? ?letters? pattern ?string name ...?: regexp whose kind of expression comes as letters.
proc ::testregexp {args} {
    set plain {}
    set letters ""
    set about 0
    set flagged 0
    for {set i 0} {$i < [llength $args]} {incr i} {
        set word [lindex $args $i]
        switch -glob -- $word {
            -- {incr i; break}
            -about {set about 1}
            -xflags {set flagged 1}
            -* {lappend plain $word}
            default break
        }
    }
    set args [lrange $args $i end]
    if {$flagged} {set args [lassign $args letters]}
    set args [lassign $args pattern]

    set director ""
    foreach letter [split $letters ""] {
        switch -- $letter {
            b - e - q {set director (?$letter)}
            a - o - t - c - ^ - $ {return -code error "regexp has no switch for \"$letter\""}
        }
    }
    if {!$about} {
        return [uplevel 1 [list regexp {*}$plain -- $director$pattern {*}$args]]
    }
    set info [regexp -about {*}$plain -- $director$pattern]
    if {$director ne ""} {
        # The director itself is what POSIX does not know.
        set info [list [lindex $info 0] [lsearch -all -inline -not -exact [lindex $info 1] REG_UNONPOSIX]]
    }
    return $info
}
