# Floating point in a tight loop: points of the Mandelbrot set, counted by rows.

proc row {y width limit} {
    set ci [expr {2.0 * $y / $width - 1.0}]
    set inside 0
    for {set x 0} {$x < $width} {incr x} {
        set cr [expr {2.0 * $x / $width - 1.5}]
        set zr 0.0
        set zi 0.0
        set n 0
        while {$n < $limit} {
            set rr [expr {$zr * $zr}]
            set ii [expr {$zi * $zi}]
            if {$rr + $ii > 4.0} break
            set zi [expr {2.0 * $zr * $zi + $ci}]
            set zr [expr {$rr - $ii + $cr}]
            incr n
        }
        if {$n == $limit} {incr inside}
    }
    return $inside
}

proc main {factor} {
    set width 110
    set rows [expr {int(660 * $factor)}]
    if {$rows < 1} {set rows 1}
    set inside 0
    set weighted 0
    for {set i 0} {$i < $rows} {incr i} {
        set count [row [expr {$i % $width}] $width 60]
        incr inside $count
        incr weighted [expr {$count * ($i + 1)}]
    }
    puts "mandelbrot $rows $inside $weighted"
}
main [expr {$argc > 0 ? [lindex $argv 0] : 1}]
