# Runs one test file of tcllib: tcllib_file.tcl FILE ?option of tcltest ...?
#
# The files expect what tcllib's own driver prepares: tcltest is there and imported (some ask for a version 1 of it otherwise), and
# packages come from the tree that the file lies in.
set argv [lassign $argv argv0]
set module [file dirname $argv0]
lappend argv -testdir $module
set argc [llength $argv]
set auto_path [linsert $auto_path 0 $module [file dirname $module]]
package require tcltest
namespace import ::tcltest::*
source $argv0
