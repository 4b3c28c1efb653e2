# What every test file here begins with: tcltest, and a test that runs its body in both of the ways that variables live.

if {"::tcltest" ni [namespace children]} {
    package require tcltest 2.5
    namespace import -force ::tcltest::*
}

# check NAME SENTENCE BODY RESULT ?CODE?
#
# Two tests: the body of a lambda, where variables are slots known to the compiler, and a script in a namespace of its
# own, where they are found by name. Both must end with CODE (ok or error) and RESULT.
proc check {name sentence body result {code ok}} {
    test $name $sentence -body [list apply [list {} $body]] -returnCodes $code -result $result
    test $name-by-name "$sentence (variables by name)" -body [list namespace eval ::case $body] \
        -cleanup {namespace delete ::case} -returnCodes $code -result $result
}
