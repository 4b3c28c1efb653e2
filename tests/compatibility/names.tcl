# names.tcl ENSEMBLE ...: prints a line for each command, and for each subcommand of the ensembles named, that the interpreter has.
#
# Subcommands are asked from the error message about one that cannot be, which commands that are no ensembles give too.

proc subcommands {command} {
    if {![catch {uplevel #0 [list {*}$command "\u0001" {} {} {}]} message] || ![regexp {must be (.*)$} $message -> names]} {
        return {}
    }
    return [string map {", or " " " ", " " " " or " " "} $names]
}

set own {subcommands own}
foreach space {:: ::tcl:: ::tcl::mathop:: ::tcl::mathfunc:: ::oo:: ::tcl::unsupported::} {
    foreach name [info commands ${space}*] {
        set name [string range $name 2 end]
        if {$name ni $own && ![string match tcl::clock::* $name]} {
            puts $name
        }
    }
}
foreach ensemble $argv {
    foreach name [subcommands $ensemble] {
        puts "$ensemble $name"
    }
}
