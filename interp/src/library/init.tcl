# What runs when a command is not known, and what finds commands by the index files of auto_path.
# Each file here holds procedure definitions only; a procedure is defined when it is first needed.

proc ::unknown args {
    variable ::tcl::UnknownPending
    global auto_noload auto_noexec tcl_interactive
    set name [lindex $args 0]
    set from [uplevel 1 {namespace current}]
    if {![info exists auto_noload]} {
        if {[info exists UnknownPending($name)]} {
            return -code error \
                "self-referential recursion in \"unknown\" for command \"$name\""
        }
        set UnknownPending($name) 1
        set failed [catch {auto_load $name $from} found options]
        unset -nocomplain UnknownPending($name)
        if {$failed} {
            dict append options -errorinfo "\n    (autoloading \"$name\")"
            return -options $options $found
        }
        if {$found} {
            tailcall ::tcl::LibraryCall {*}$args
        }
    }
    if {[info level] == 1 && [info script] eq "" && [info exists tcl_interactive] && $tcl_interactive} {
        if {![info exists auto_noexec]} {
            set program [auto_execok $name]
            if {$program ne ""} {
                if {[namespace which -command console] eq ""} {
                    set redirection ">&@stdout <@stdin"
                } else {
                    set redirection ""
                }
                tailcall exec {*}$redirection {*}$program {*}[lrange $args 1 end]
            }
        }
        set earlier {}
        if {$name eq "!!"} {
            set earlier [history event]
        } elseif {[regexp {^!(.+)$} $name -> event]} {
            set earlier [history event $event]
        } elseif {[regexp {^\^([^^]*)\^([^^]*)\^?$} $name -> old new]} {
            set earlier [history event]
            if {[set at [string first $old $earlier]] >= 0} {
                set earlier [string replace $earlier $at [expr {$at + [string length $old] - 1}] $new]
            }
        }
        if {$earlier ne ""} {
            tclLog $earlier
            history change $earlier 0
            uplevel 1 $earlier
            return -code ok
        }
        set matching {}
        foreach candidate [info commands [string map {\\ \\\\ * \\* ? \\? \[ \\\[} $name]*] {
            lappend matching $candidate
        }
        if {$name eq "" && [llength $matching]} {
            return -code error -errorcode {TCL LOOKUP COMMAND {}} "empty command name \"\""
        }
        if {[llength $matching] == 1} {
            tailcall ::tcl::LibraryCall {*}[lreplace $args 0 0 [lindex $matching 0]]
        }
        if {[llength $matching] > 1} {
            return -code error -errorcode [list TCL LOOKUP COMMAND $name] \
                "ambiguous command name \"$name\": [lsort $matching]"
        }
    }
    return -code error -errorcode [list TCL LOOKUP COMMAND $name] "invalid command name \"$name\""
}

proc ::auto_load {cmd {namespace {}}} {
    global auto_index auto_path
    if {$namespace eq ""} {
        set namespace [uplevel 1 {namespace current}]
    }
    set names [auto_qualify $cmd $namespace]
    lappend names $cmd
    foreach name $names {
        if {[::tcl::LibraryLoad $name]} {
            return 1
        }
    }
    foreach attempt {known reread} {
        if {$attempt eq "reread" && (![info exists auto_path] || ![auto_load_index])} {
            return 0
        }
        foreach name $names {
            if {[info exists auto_index($name)]} {
                namespace eval :: $auto_index($name)
                if {[namespace which -command $name] ne ""} {
                    return 1
                }
            }
        }
    }
    return 0
}

proc ::auto_load_index {} {
    variable ::tcl::auto_oldpath
    global auto_index auto_path
    if {[info exists auto_oldpath] && $auto_oldpath eq $auto_path} {
        return 0
    }
    set auto_oldpath $auto_path
    # From last to first, so that the first directory that has a command wins.
    foreach dir [lreverse $auto_path] {
        if {[catch {open [file join $dir tclIndex] r} channel]} {
            continue
        }
        set failed [catch {
            fconfigure $channel -encoding utf-8 -eofchar "\x1A {}"
            set first [gets $channel]
            if {$first eq "# Tcl autoload index file, version 2.0"} {
                eval [read $channel]
            } elseif {$first eq "# Tcl autoload index file: each line identifies a Tcl"} {
                while {[gets $channel line] >= 0} {
                    if {[string index $line 0] eq "#" || [llength $line] != 2} {
                        continue
                    }
                    lassign $line name file
                    set auto_index($name) [list source [file join $dir $file]]
                }
            } else {
                error "[file join $dir tclIndex] isn't a proper Tcl index file"
            }
        } message options]
        catch {close $channel}
        if {$failed} {
            return -options $options $message
        }
    }
    return 1
}

proc ::auto_qualify {cmd namespace} {
    set is_absolute [string match ::* $cmd]
    while {[string first ::: $cmd] >= 0} {
        set cmd [string map {::: ::} $cmd]
    }
    if {$is_absolute} {
        if {[string first :: $cmd 2] < 0} {
            return [list [string range $cmd 2 end]]
        }
        return [list $cmd]
    }
    if {[string first :: $cmd] < 0} {
        if {$namespace eq "::"} {
            return [list $cmd]
        }
        return [list ${namespace}::$cmd $cmd]
    }
    if {$namespace eq "::"} {
        return [list ::$cmd]
    }
    return [list ${namespace}::$cmd ::$cmd]
}

proc ::auto_import pattern {
    global auto_index
    if {![string match *::* $pattern]} {
        return
    }
    auto_load_index
    foreach qualified [auto_qualify $pattern [uplevel 1 {namespace current}]] {
        foreach name [array names auto_index $qualified] {
            if {[namespace which -command $name] eq ""
                    && [namespace qualifiers $qualified] eq [namespace qualifiers $name]} {
                namespace eval :: $auto_index($name)
            }
        }
    }
}

proc ::auto_execok name {
    global auto_execs env
    if {[info exists auto_execs($name)]} {
        return $auto_execs($name)
    }
    set auto_execs($name) ""
    if {[llength [file split $name]] != 1} {
        if {[file executable $name] && ![file isdirectory $name]} {
            set auto_execs($name) [list $name]
        }
        return $auto_execs($name)
    }
    set path ""
    if {[info exists env(PATH)]} {
        set path $env(PATH)
    }
    foreach dir [split $path :] {
        if {$dir eq ""} {
            set dir .
        }
        set file [file join $dir $name]
        if {[file executable $file] && ![file isdirectory $file]} {
            set auto_execs($name) [list $file]
            break
        }
    }
    return $auto_execs($name)
}

proc ::tclLog string {
    catch {puts stderr $string}
}
