# Bytes: binary format and scan of records, a checksum, base64 and hex both ways, a run-length coder.

proc records {n} {
    set out ""
    for {set i 0} {$i < $n} {incr i} {
        append out [binary format ISca6d $i [expr {$i % 30000}] [expr {$i % 100}] name[expr {$i % 10}] [expr {$i / 3.0}]]
    }
    return $out
}

proc readRecords {bytes} {
    set sum 0.0
    set n [string length $bytes]
    for {set at 0} {$at < $n} {incr at 21} {
        binary scan $bytes "@${at}ISca6d" a b c name d
        set sum [expr {$sum + $a + $b + $c + $d}]
    }
    return $sum
}

proc adler {bytes} {
    binary scan $bytes cu* values
    set a 1
    set b 0
    foreach value $values {
        set a [expr {($a + $value) % 65521}]
        set b [expr {($b + $a) % 65521}]
    }
    return [expr {($b << 16) | $a}]
}

proc runs {bytes} {
    binary scan $bytes cu* values
    set out ""
    set last -1
    set count 0
    foreach value $values {
        if {$value == $last && $count < 255} {
            incr count
        } else {
            if {$count} {append out [binary format cc $count $last]}
            set last $value
            set count 1
        }
    }
    append out [binary format cc $count $last]
    return $out
}

proc main {factor} {
    set rounds [expr {int(14 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set bytes [records 6000]
        set sum [expr {$sum + [readRecords $bytes]}]
        set sum [expr {$sum + [adler $bytes]}]
        set sum [expr {$sum + [string length [runs $bytes]]}]
        set text [binary encode base64 $bytes]
        if {[binary decode base64 $text] ne $bytes} {error "base64 is not undone"}
        set hex [binary encode hex $bytes]
        set sum [expr {$sum + [string length $text] + [string length $hex]}]
        if {[binary decode hex $hex] ne $bytes} {error "hex is not undone"}
    }
    puts "binary_scan $rounds [format %.3f $sum]"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
