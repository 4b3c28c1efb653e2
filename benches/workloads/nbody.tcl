# Floating point over lists: the Sun and four planets attract one another. Prints the energy before and after.

proc bodies {} {
    set year 365.24
    set sun [expr {4 * acos(-1) ** 2}]
    return [list \
        [list 0.0 0.0 0.0 0.0 0.0 0.0 $sun] \
        [list 4.84143144246472090 -1.16032004402742839 -0.103622044471123109 \
            [expr {0.00166007664274403694 * $year}] [expr {0.00769901118419740425 * $year}] \
            [expr {-0.0000690460016972063023 * $year}] [expr {0.000954791938424326609 * $sun}]] \
        [list 8.34336671824457987 4.12479856412430479 -0.403523417114321381 \
            [expr {-0.00276742510726411108 * $year}] [expr {0.00499852801234917238 * $year}] \
            [expr {0.0000230417297573763929 * $year}] [expr {0.000285885980666130812 * $sun}]] \
        [list 12.8943695621391310 -15.1111514016986312 -0.223307578892655734 \
            [expr {0.00296460137564761618 * $year}] [expr {0.00237847173959480950 * $year}] \
            [expr {-0.0000296589568540237556 * $year}] [expr {0.0000436624404335156298 * $sun}]] \
        [list 15.3796971148509165 -25.9193146099879641 0.179258772950371181 \
            [expr {0.00268067772490389322 * $year}] [expr {0.00162824170038242295 * $year}] \
            [expr {-0.0000951592254519715870 * $year}] [expr {0.0000515138902046611451 * $sun}]]]
}

proc energy {bodies} {
    set e 0.0
    set count [llength $bodies]
    for {set i 0} {$i < $count} {incr i} {
        lassign [lindex $bodies $i] x y z vx vy vz mass
        set e [expr {$e + 0.5 * $mass * ($vx * $vx + $vy * $vy + $vz * $vz)}]
        for {set j [expr {$i + 1}]} {$j < $count} {incr j} {
            lassign [lindex $bodies $j] x2 y2 z2 - - - mass2
            set e [expr {$e - $mass * $mass2 / sqrt(($x - $x2) ** 2 + ($y - $y2) ** 2 + ($z - $z2) ** 2)}]
        }
    }
    return $e
}

proc advance {bodies dt steps} {
    set count [llength $bodies]
    for {set step 0} {$step < $steps} {incr step} {
        for {set i 0} {$i < $count} {incr i} {
            lassign [lindex $bodies $i] x y z vx vy vz mass
            for {set j [expr {$i + 1}]} {$j < $count} {incr j} {
                lassign [lindex $bodies $j] x2 y2 z2 vx2 vy2 vz2 mass2
                set dx [expr {$x - $x2}]
                set dy [expr {$y - $y2}]
                set dz [expr {$z - $z2}]
                set square [expr {$dx * $dx + $dy * $dy + $dz * $dz}]
                set mag [expr {$dt / ($square * sqrt($square))}]
                set own [expr {$mass2 * $mag}]
                set other [expr {$mass * $mag}]
                set vx [expr {$vx - $dx * $own}]
                set vy [expr {$vy - $dy * $own}]
                set vz [expr {$vz - $dz * $own}]
                lset bodies $j 3 [expr {$vx2 + $dx * $other}]
                lset bodies $j 4 [expr {$vy2 + $dy * $other}]
                lset bodies $j 5 [expr {$vz2 + $dz * $other}]
            }
            lset bodies $i [list [expr {$x + $dt * $vx}] [expr {$y + $dt * $vy}] [expr {$z + $dt * $vz}] $vx $vy $vz $mass]
        }
    }
    return $bodies
}

proc main {factor} {
    set steps [expr {int(50000 * $factor)}]
    if {$steps < 1} {set steps 1}
    set all [bodies]
    set before [energy $all]
    set after [energy [advance $all 0.001 $steps]]
    puts "nbody $steps [format %.9f $before] [format %.9f $after] $after"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
