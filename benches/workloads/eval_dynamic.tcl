# Scripts made at run time: eval of new and repeated strings, expr on built text, procs defined and replaced, subst, a child interpreter.

proc fresh {n} {
    set sum 0
    for {set i 0} {$i < $n} {incr i} {
        eval "set v$i \[expr {$i * 3 + 1}\]; incr sum \$v$i; unset v$i"
    }
    return $sum
}

proc repeated {n} {
    set sum 0
    set script {incr sum [expr {$i % 7}]}
    for {set i 0} {$i < $n} {incr i} {
        eval $script
        eval [list incr sum $i]
        {*}[list incr sum 2]
    }
    return $sum
}

proc expressions {n} {
    set sum 0
    foreach operator {+ - * ^ | &} {
        for {set i 1} {$i < $n} {incr i} {
            incr sum [expr "$i $operator [expr {$i % 11 + 1}]"]
        }
    }
    return $sum
}

proc redefine {n} {
    set sum 0
    for {set i 0} {$i < $n} {incr i} {
        proc generated {x} "return \[expr {\$x + $i}\]"
        incr sum [generated $i]
        incr sum [generated 1]
    }
    return $sum
}

proc templates {n} {
    set sum 0
    for {set i 0} {$i < $n} {incr i} {
        set name user$i
        incr sum [string length [subst {Hello $name, you have [expr {$i % 3}] new\tmessages\n}]]
        incr sum [string length [subst -nocommands {plain $i [no command]}]]
    }
    return $sum
}

proc child {n} {
    set i [interp create]
    interp eval $i {
        proc f {x} {expr {$x * 2}}
        set total 0
    }
    for {set k 0} {$k < $n} {incr k} {
        interp eval $i [list incr total [interp eval $i "f $k"]]
    }
    set total [interp eval $i {set total}]
    interp delete $i
    return $total
}

proc main {factor} {
    set rounds [expr {int(11 * $factor)}]
    if {$rounds < 1} {set rounds 1}
    set sum 0
    for {set r 0} {$r < $rounds} {incr r} {
        incr sum [fresh 2500]
        incr sum [repeated 8000]
        incr sum [expressions 500]
        incr sum [redefine 900]
        incr sum [templates 1500]
        incr sum [child 1500]
    }
    puts "eval_dynamic $rounds $sum"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
