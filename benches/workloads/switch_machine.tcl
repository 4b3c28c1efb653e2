# A small virtual machine and a text state machine, both driven by switch (exact, glob, fall-through, default).

proc program {} {
    return {
        {push 0} {store sum} {push 1} {store i}
        {load i} {push 40} {greater} {jumpif 15}
        {load sum} {load i} {dup} {times} {plus} {store sum} {jump 16}
        {halt}
        {load i} {push 1} {plus} {store i} {jump 4}
    }
}

proc execute {code} {
    set stack {}
    set pc 0
    set steps 0
    while 1 {
        lassign [lindex $code $pc] op arg
        incr pc
        incr steps
        switch $op {
            push {lappend stack $arg}
            load {lappend stack $memory($arg)}
            store {
                set memory($arg) [lindex $stack end]
                set stack [lrange $stack 0 end-1]
            }
            dup {lappend stack [lindex $stack end]}
            plus - minus - times - greater {
                set b [lindex $stack end]
                set a [lindex $stack end-1]
                set stack [lrange $stack 0 end-2]
                switch -exact -- $op {
                    plus {lappend stack [expr {$a + $b}]}
                    minus {lappend stack [expr {$a - $b}]}
                    times {lappend stack [expr {$a * $b}]}
                    greater {lappend stack [expr {$a > $b}]}
                }
            }
            jump {set pc $arg}
            jumpif {
                set test [lindex $stack end]
                set stack [lrange $stack 0 end-1]
                if {$test} {set pc $arg}
            }
            halt {return [expr {$memory(sum) + $steps}]}
            default {error "unknown operation $op"}
        }
    }
}

proc classify {line} {
    switch -glob -- $line {
        "" {return empty}
        \#* {return comment}
        *=* {return setting}
        \\[* {return section}
        default {return text}
    }
}

proc machine {text} {
    set state start
    set words 0
    set digits 0
    foreach char [split $text ""] {
        switch $state {
            start {
                switch -glob $char {
                    [a-z] {set state word; incr words}
                    [0-9] {set state number; incr digits}
                }
            }
            word {
                switch -glob $char {
                    " " {set state start}
                    [0-9] {incr digits}
                }
            }
            number {
                if {$char eq " "} {set state start} else {incr digits}
            }
        }
    }
    return [expr {$words * 1000 + $digits}]
}

proc main {factor} {
    set rounds [expr {int(4400 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set code [program]
    set lines {"" "# remark" "name = value" "[section]" "plain text" "a=b" "#"}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        incr sum [execute $code]
        foreach line $lines {incr sum [string length [classify $line]]}
        incr sum [machine "the 12 quick br0wn foxes 4 jumped over 1000000 lazy dogs $r"]
    }
    puts "switch_machine $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
