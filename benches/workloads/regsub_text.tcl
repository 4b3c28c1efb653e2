# Substitution by regular expressions: templates, markup, case, white space, back-references, subst over the result.

proc document {n} {
    set out ""
    for {set i 0} {$i < $n} {incr i} {
        append out "Line $i:  *bold$i*  and _it${i}_ see http://host$i.example/a/$i  or <tag a=\"$i\">, phone 555-01[expr {$i % 10}][expr {$i % 7}]. \n"
    }
    return $out
}

proc markup {text} {
    regsub -all {\*(\w+)\*} $text {<b>\1</b>} text
    regsub -all {_(\w+?)_} $text {<i>\1</i>} text
    regsub -all {http://([^/ ]+)(/[^ ]*)?} $text {<a href="&">\1</a>} text
    regsub -all {[ \t]+} $text { } text
    regsub -all -line { $} $text {} text
    return $text
}

proc redact {text} {
    regsub -all {\d{3}-\d{4}} $text XXX-XXXX text
    regsub -all -nocase {<(/?)TAG([^>]*)>} $text {[\1tag\2]} text
    return $text
}

proc fill {template values} {
    set out {}
    foreach {name city n} $values {
        set line $template
        regsub -all %name% $line $name line
        regsub -all %city% $line $city line
        regsub %n% $line $n line
        lappend out $line
    }
    return $out
}

proc encode {text} {
    regsub -all {[][$\\]} $text {\\&} text
    regsub -all {[^a-zA-Z0-9\s\\]} $text {[format %%%02x [scan {\\&} %c]]} text
    return [string length $text]
}

proc main {factor} {
    set rounds [expr {int(80 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set text [document 300]
    set values {}
    for {set i 0} {$i < 300} {incr i} {lappend values name$i "City $i" [expr {$i * $i}]}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set marked [markup $text]
        incr sum [string length $marked]
        incr sum [string length [redact $marked]]
        foreach line [fill "Dear %name% of %city%, you are number %n% of %city%." $values] {incr sum [string length $line]}
        incr sum [encode [string range $text 0 8000]]
    }
    puts "regsub_text $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
