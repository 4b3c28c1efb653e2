# Records between text and lists: split on one, many and no characters, join, and lists read back from their string form.

proc makeTable {rows} {
    set lines {}
    for {set i 0} {$i < $rows} {incr i} {
        lappend lines [join [list $i name$i [expr {$i * 3.5}] "a b$i" [expr {$i % 13}]] ,]
    }
    return [join $lines \n]
}

proc columns {table} {
    set sum 0
    foreach line [split $table \n] {
        set fields [split $line ,]
        set sum [expr {$sum + [lindex $fields 0] + [lindex $fields 4]}]
        if {[lindex $fields 3] eq "a b77"} {incr sum 1000}
    }
    return $sum
}

proc swap {table} {
    set out {}
    foreach line [split $table \n] {
        lassign [split $line ,] id name price note group
        lappend out [join [list $group $name $id] |]
    }
    return [join $out ";"]
}

proc main {factor} {
    set rounds [expr {int(27 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0.0
    for {set r 0} {$r < $rounds} {incr r} {
        set table [makeTable 8000]
        set sum [expr {$sum + [columns $table]}]
        set swapped [swap $table]
        set sum [expr {$sum + [string length $swapped] + [llength [split $swapped "|;"]]}]
        set chars [split [string range $table 0 40000] ""]
        set sum [expr {$sum + [llength $chars] + [string length [join $chars -]]}]
        set nested [lmap line [lrange [split $table \n] 0 1500] {split $line ,}]
        set text "$nested "
        set again 0
        foreach record [string trimright $text] {incr again [llength $record]}
        set sum [expr {$sum + $again}]
    }
    puts "split_join $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
