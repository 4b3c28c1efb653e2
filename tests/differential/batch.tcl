# batch.tcl PROGRAMS ANSWERS: runs each program of a file in an interpreter of its own and writes what each of its commands came to.
#
# PROGRAMS is a Tcl list of programs; a program is a list: how (script or proc), then its commands.
# ANSWERS gets one line a program: a list with, for each command, code, result, the return options that are the language's to fix,
# and what it printed. A line is written as soon as its program is done, so that the one which hangs or kills is known.

proc record {code result options} {
    global printed answer
    foreach key {-errorinfo -errorstack -errorline -during} {
        dict unset options $key
    }
    # What a caught error before it has left there is an accident of tclsh.
    if {$code != 1} {
        dict unset options -errorcode
    }
    lappend answer [list $code $result [lsort -stride 2 $options] $printed]
    set printed ""
}

# A puts that keeps what would be printed; everything but words for standard output is refused in the same way everywhere.
proc capture {args} {
    global printed
    switch -- [llength $args] {
        1 {append printed [lindex $args 0] \n}
        2 {append printed [lindex $args 1]}
        default {error "wrong # args: captured"}
    }
    return
}

proc runProgram {program} {
    global answer printed
    set answer {}
    set printed ""
    set commands [lassign $program how]
    interp create child
    interp alias child puts {} capture
    interp alias child record {} record
    child hide exit
    child hide vwait
    child limit commands -value [expr {[child eval {info cmdcount}] + 100000}]
    if {$how eq "proc"} {
        set body ""
        foreach command $commands {
            append body "record \[catch {$command} fuzz_result fuzz_options\] \$fuzz_result \$fuzz_options\n"
        }
        set code [catch {child eval [list proc program {} $body]\nprogram} result options]
        if {$code} {
            record $code $result $options
        }
    } else {
        foreach command $commands {
            set code [catch {child eval $command} result options]
            record $code $result $options
        }
    }
    interp delete child
    return $answer
}

lassign $argv programFile answerFile
set channel [open $programFile]
fconfigure $channel -encoding utf-8 -translation lf
set programs [read $channel]
close $channel
set channel [open $answerFile w]
fconfigure $channel -encoding utf-8 -translation lf
foreach program $programs {
    set line [runProgram $program]
    puts $channel [string map [list \\ \\\\ \n \\n \r \\r] $line]
    flush $channel
}
