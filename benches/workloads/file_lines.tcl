# Files of 200,000 lines: written with puts, read with gets, read whole and split, copied with a change, fcopy.

proc write {path n} {
    set out [open $path w]
    for {set i 0} {$i < $n} {incr i} {
        puts $out "$i,name$i,[expr {$i * 7 % 1000}]"
    }
    close $out
}

proc readLines {path} {
    set in [open $path]
    set sum 0
    while {[gets $in line] >= 0} {incr sum [string length $line]}
    close $in
    return $sum
}

proc readWhole {path} {
    set in [open $path]
    set text [read $in]
    close $in
    set sum 0
    foreach line [split $text \n] {
        if {$line ne ""} {incr sum [lindex [split $line ,] 2]}
    }
    return $sum
}

proc upper {from to} {
    set in [open $from]
    set out [open $to w]
    set lines 0
    while {[gets $in line] >= 0} {
        puts $out [string toupper $line]
        incr lines
    }
    close $in
    close $out
    return $lines
}

proc copy {from to} {
    set in [open $from rb]
    set out [open $to wb]
    set bytes [fcopy $in $out]
    close $in
    close $out
    return $bytes
}

proc main {factor} {
    set lines [expr {int(300000 * $factor)}]
    if {$lines < 10} {set lines 10}
    set base [file join [pwd] remex-bench-[pid]]
    try {
        write $base.1 $lines
        set sum [readLines $base.1]
        incr sum [readWhole $base.1]
        incr sum [upper $base.1 $base.2]
        incr sum [copy $base.2 $base.3]
        incr sum [file size $base.3]
    } finally {
        file delete $base.1 $base.2 $base.3
    }
    puts "file_lines $lines $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
