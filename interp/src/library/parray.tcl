# Printing an array.

proc ::parray {a {pattern *}} {
    upvar 1 $a array
    if {![array exists array]} {
        return -code error -errorcode [list TCL LOOKUP ARRAY $a] "\"$a\" isn't an array"
    }
    set names [lsort [array names array $pattern]]
    set width 0
    foreach name $names {
        set width [expr {max($width, [string length "${a}($name)"])}]
    }
    foreach name $names {
        puts stdout [format "%-*s = %s" $width ${a}($name) $array($name)]
    }
}
