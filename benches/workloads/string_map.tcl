# string map with short and long tables, with and without case, and what is built on it: escapes, templates, transliteration.

proc page {n} {
    set out ""
    for {set i 0} {$i < $n} {incr i} {
        append out "<p class=\"c$i\">Tom & Jerry's price: \$$i, 50% <b>off</b></p>\n"
    }
    return $out
}

proc escape {text} {
    return [string map {& &amp; < &lt; > &gt; \" &quot; ' &#39;} $text]
}

proc unescape {text} {
    return [string map {&lt; < &gt; > &quot; \" &#39; ' &amp; &} $text]
}

proc template {n} {
    set sum 0
    for {set i 0} {$i < $n} {incr i} {
        set line [string map [list @id@ $i @name@ user$i @when@ [expr {$i * 5}]] "id=@id@ name=@name@ when=@when@; @id@"]
        incr sum [string length $line]
    }
    return $sum
}

proc rot13 {text} {
    set table {}
    foreach {from to} {a n b o c p d q e r f s g t h u i v j w k x l y m z} {
        lappend table $from $to $to $from [string toupper $from] [string toupper $to] [string toupper $to] [string toupper $from]
    }
    return [string map $table $text]
}

proc main {factor} {
    set rounds [expr {int(85 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set text [page 700]
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        set escaped [escape $text]
        incr sum [string length $escaped]
        if {[unescape $escaped] ne $text} {error "escape is not undone"}
        incr sum [template 6000]
        set part [string range $text 0 20000]
        if {[rot13 [rot13 $part]] ne $part} {error "rot13 is not undone"}
        incr sum [string length [string map -nocase {TOM Thomas jerry Jerome OFF ""} $part]]
        incr sum [string length [string map {e EE} $text]]
    }
    puts "string_map $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
