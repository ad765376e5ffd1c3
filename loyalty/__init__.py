"""The loyalty programme itself: pure rules, no I/O, no clock.

Money is integer kopecks, points are integer hundredths of a bonus, percentages are basis points
and quantities are thousandths. Time is always passed in.
"""
