# The list of earlier commands that interactive shells keep.

proc ::history args {
    if {[llength $args] == 0} {
        set args info
    }
    set names {add change clear event info keep nextid redo}
    set word [lindex $args 0]
    if {$word in $names} {
        set name $word
    } else {
        set matching [lsearch -all -inline -glob $names [string map {\\ \\\\ * \\* ? \\? \[ \\\[} $word]*]
        if {$word eq "" || [llength $matching] != 1} {
            return -code error -errorcode [list TCL LOOKUP SUBCOMMAND $word] "unknown or ambiguous subcommand\
                \"$word\": must be add, change, clear, event, info, keep, nextid, or redo"
        }
        set name [lindex $matching 0]
    }
    set usage [dict get {
        add {event ?exec?} change {newValue ?event?} clear {} event {?event?} info {?count?}
        keep {?count?} nextid {} redo {?event?}
    } $name]
    set count [expr {[llength $args] - 1}]
    set min [expr {$name in {add change}}]
    if {$count < $min || $count > [llength $usage]} {
        return -code error -errorcode {TCL WRONGARGS} \
            "wrong # args: should be \"[string trimright "history $name $usage"]\""
    }
    if {![info exists ::tcl::history(nextid)]} {
        ::tcl::HistClear
    }
    tailcall ::tcl::Hist[string totitle $name] {*}[lrange $args 1 end]
}

proc ::tcl::HistClear {} {
    variable history
    set keep 20
    if {[info exists history(keep)]} {
        set keep $history(keep)
    }
    unset -nocomplain history
    array set history [list nextid 0 keep $keep oldest -$keep]
    return
}

proc ::tcl::HistAdd {event {exec {}}} {
    variable history
    if {$exec ne "" && ![string match $exec* exec]} {
        return -code error "bad argument \"$exec\": should be \"exec\""
    }
    if {[string trim $event] eq ""} {
        return ""
    }
    set at [incr history(nextid)]
    set history($at) $event
    set oldest [incr history(oldest)]
    unset -nocomplain history($oldest)
    if {$exec ne ""} {
        return [uplevel #0 $event]
    }
    return {}
}

proc ::tcl::HistKeep {{count {}}} {
    variable history
    if {$count eq ""} {
        return $history(keep)
    }
    if {![string is integer -strict $count] || $count < 0} {
        return -code error "illegal keep count \"$count\""
    }
    set oldest $history(oldest)
    set history(oldest) [expr {$history(nextid) - $count}]
    for {} {$oldest <= $history(oldest)} {incr oldest} {
        unset -nocomplain history($oldest)
    }
    set history(keep) $count
}

proc ::tcl::HistInfo {{count {}}} {
    variable history
    if {$count eq ""} {
        set count [expr {$history(keep) + 1}]
    }
    set result {}
    set newline ""
    for {set at [expr {$history(nextid) - $count + 1}]} {$at <= $history(nextid)} {incr at} {
        if {![info exists history($at)]} {
            continue
        }
        set command [string map [list \n "\n\t"] [string trimright $history($at) " \n"]]
        append result $newline[format "%6d  %s" $at $command]
        set newline \n
    }
    return $result
}

proc ::tcl::HistIndex event {
    variable history
    if {![string is integer -strict $event]} {
        for {set at [expr {$history(nextid) - 1}]} {[info exists history($at)]} {incr at -1} {
            if {[string match $event* $history($at)] || [string match $event $history($at)]} {
                return $at
            }
        }
        return -code error "no event matches \"$event\""
    }
    set at $event
    if {$event <= 0} {
        set at [expr {$history(nextid) + $event}]
    }
    if {$at <= $history(oldest)} {
        return -code error "event \"$event\" is too far in the past"
    }
    if {$at > $history(nextid)} {
        return -code error "event \"$event\" hasn't occured yet"
    }
    return $at
}

proc ::tcl::HistEvent {{event -1}} {
    variable history
    set at [::tcl::HistIndex $event]
    if {![info exists history($at)]} {
        return ""
    }
    return [string trimright $history($at) " \n"]
}

proc ::tcl::HistChange {newValue {event 0}} {
    variable history
    set history([::tcl::HistIndex $event]) $newValue
}

proc ::tcl::HistRedo {{event -1}} {
    variable history
    set at [::tcl::HistIndex $event]
    if {$at == $history(nextid)} {
        return -code error "cannot redo the current event"
    }
    set command $history($at)
    ::tcl::HistChange $command 0
    uplevel #0 $command
}

proc ::tcl::HistNextid {} {
    variable history
    expr {$history(nextid) + 1}
}
