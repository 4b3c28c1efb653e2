# Where words begin and end, for text widgets and editors.

proc ::tcl_wordBreakAfter {str start} {
    if {[regexp -indices -start $start -- {\w\W|\W\w} $str found]} {
        return [lindex $found 1]
    }
    return -1
}

proc ::tcl_wordBreakBefore {str start} {
    if {[string equal $start end]} {
        set start [string length $str]
    }
    if {[regexp -indices -- {^.*(\w\W|\W\w)} [string range $str 0 $start] found]} {
        return [lindex $found 1]
    }
    return -1
}

proc ::tcl_endOfWord {str start} {
    if {[regexp -indices -start $start -- {\w\W} $str found]} {
        return [lindex $found 1]
    }
    return -1
}

proc ::tcl_startOfNextWord {str start} {
    if {[regexp -indices -start $start -- {\W\w} $str found]} {
        return [lindex $found 1]
    }
    return -1
}

proc ::tcl_startOfPreviousWord {str start} {
    if {[string equal $start end]} {
        set start [string length $str]
    }
    if {[regexp -indices -- {^.*\W(\w)} " [string range $str 0 [expr {$start - 1}]]" -> found]} {
        return [expr {[lindex $found 0] - 1}]
    }
    return -1
}
