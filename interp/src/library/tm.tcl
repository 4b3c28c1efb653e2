# Packages that are one file each: Tcl modules.

# The directories that are searched, made when first asked for.
proc ::tcl::tm::paths {} {
    variable paths
    if {![info exists paths]} {
        set paths {}
        if {![interp issafe]} {
            ::tcl::tm::Defaults
        }
    }
    return $paths
}

proc ::tcl::tm::add args {
    variable paths
    set new [::tcl::tm::paths]
    foreach path $args {
        if {$path in $new} {
            continue
        }
        foreach other $new {
            if {[string match $path/* $other]} {
                return -code error -errorcode {TCL TM ANCESTOR} \
                    "$path is ancestor of existing module path $other."
            }
            if {[string match $other/* $path]} {
                return -code error -errorcode {TCL TM DESCENDENT} \
                    "$path is subdirectory of existing module path $other."
            }
        }
        set new [linsert $new 0 $path]
    }
    set paths $new
    return
}

proc ::tcl::tm::remove args {
    variable paths
    set old [::tcl::tm::paths]
    foreach path $args {
        set at [lsearch -exact $old $path]
        if {$at >= 0} {
            set old [lreplace $old $at $at]
        }
    }
    set paths $old
    return
}

proc ::tcl::tm::list {} {
    return [::tcl::tm::paths]
}

proc ::tcl::tm::roots paths {
    lassign [split [package present Tcl] .] major minor
    foreach path $paths {
        set base [file join $path tcl$major]
        for {set n $minor} {$n >= 0} {incr n -1} {
            set dir [file join $base $major.$n]
            catch {::tcl::tm::add [file normalize $dir]}
        }
        catch {::tcl::tm::add [file normalize [file join $base site-tcl]]}
    }
    return
}

proc ::tcl::tm::Defaults {} {
    global env
    variable paths
    lassign [split [package present Tcl] .] major minor
    foreach base [::tcl::LibraryModuleRoots] {
        set dirs [::list [file join $base tcl$major site-tcl]]
        for {set n 0} {$n <= $minor} {incr n} {
            lappend dirs [file join $base tcl$major $major.$n]
        }
        lappend paths {*}$dirs
    }
    lappend paths [file join [info library] tcl$major]
    for {set n $minor} {$n >= 0} {incr n -1} {
        foreach name [::list TCL$major.${n}_TM_PATH TCL${major}_${n}_TM_PATH] {
            if {[info exists env($name)]} {
                foreach path [split $env($name) :] {
                    # A path that does not fit is left out.
                    catch {::tcl::tm::add $path}
                }
            }
        }
    }
    return
}

proc ::tcl::tm::UnknownHandler {original name args} {
    set pattern [string map {:: /} $name]
    set is_found 0
    foreach path [::tcl::tm::paths] {
        if {![file isdirectory $path] || [interp issafe]} {
            continue
        }
        set length [llength [file split $path]]
        # A name may be no pattern: then no file has it.
        set files {}
        catch {set files [glob -nocomplain -directory $path -- $pattern-*.tm]}
        foreach file $files {
            set module [join [lrange [file split [file rootname $file]] $length end] ::]
            if {![regexp {^([_[:alpha:]][:_[:alnum:]]*)-([[:digit:]].*)$} $module -> package version]} {
                continue
            }
            if {[catch {package vcompare $version 0}] || [package ifneeded $package $version] ne ""} {
                continue
            }
            package ifneeded $package $version \
                "[::list package provide $package $version];[::list source -encoding utf-8 $file]"
            if {$package eq $name && [package vsatisfies $version {*}$args]} {
                set is_found 1
            }
        }
    }
    if {!$is_found && [llength $original]} {
        uplevel 1 $original [::linsert $args 0 $name]
    }
}
