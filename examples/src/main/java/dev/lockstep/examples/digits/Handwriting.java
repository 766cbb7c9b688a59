package dev.lockstep.examples.digits;

import static dev.lockstep.examples.digits.Stroke.arc;
import static dev.lockstep.examples.digits.Stroke.corners;
import static dev.lockstep.examples.digits.Stroke.sweep;

import java.util.List;

/** The ways people write the ten digits, as strokes. */
final class Handwriting {

  /** For each digit its variants, for each variant its strokes. */
  private static final List<List<List<Stroke>>> VARIANTS =
      List.of(
          List.of(
              List.of(arc(.5, .5, .3, .4, -90, -450)),
              List.of(arc(.5, .5, .2, .4, -100, -455)),
              List.of(arc(.5, .5, .33, .36, -60, -400)),
              List.of(arc(.5, .5, .27, .4, -120, 225))),
          List.of(
              List.of(corners(.5, .1, .5, .9)),
              List.of(corners(.32, .3, .52, .1, .52, .9)),
              List.of(corners(.34, .26, .5, .1, .5, .9), corners(.32, .9, .68, .9)),
              List.of(sweep(.56, .1, .52, .5, .46, .9))),
          List.of(
              List.of(
                  sweep(.24, .3, .34, .14, .54, .1, .72, .22, .7, .42, .48, .66, .24, .88),
                  corners(.24, .88, .78, .88)),
              List.of(
                  sweep(
                      .26, .26, .42, .1, .64, .14, .7, .34, .54, .62, .32, .84, .22, .82, .3, .72,
                      .48, .82, .62, .9, .8, .82)),
              List.of(
                  sweep(.28, .2, .5, .1, .7, .2, .66, .44, .4, .7, .26, .88),
                  sweep(.26, .88, .5, .84, .76, .88))),
          List.of(
              List.of(
                  sweep(.26, .2, .46, .1, .7, .2, .66, .4, .44, .47),
                  sweep(.44, .47, .7, .54, .74, .74, .52, .9, .24, .8)),
              List.of(
                  corners(.26, .12, .72, .12, .46, .42),
                  sweep(.46, .42, .7, .48, .74, .72, .54, .9, .24, .8)),
              List.of(
                  sweep(
                      .28, .16, .52, .1, .68, .22, .6, .4, .46, .46, .64, .5, .74, .66, .64, .84,
                      .42, .9, .24, .84))),
          List.of(
              List.of(corners(.36, .12, .22, .56, .78, .56), corners(.64, .3, .62, .9)),
              List.of(corners(.62, .9, .62, .1, .2, .62, .8, .62)),
              List.of(
                  sweep(.28, .12, .24, .34, .3, .5, .5, .52, .68, .46), corners(.7, .12, .66, .9))),
          List.of(
              List.of(
                  corners(.72, .12, .34, .12, .3, .44),
                  sweep(.3, .44, .52, .38, .72, .5, .72, .74, .52, .9, .26, .82)),
              List.of(
                  corners(.36, .14, .32, .46),
                  sweep(.32, .46, .56, .42, .72, .58, .66, .8, .46, .9, .26, .84),
                  corners(.36, .14, .74, .1)),
              List.of(
                  sweep(
                      .7, .12, .46, .14, .34, .26, .4, .42, .6, .5, .7, .66, .6, .86, .4, .9, .26,
                      .82))),
          List.of(
              List.of(
                  sweep(
                      .64, .1, .42, .3, .28, .56, .32, .8, .5, .9, .7, .8, .7, .62, .52, .52, .34,
                      .6, .28, .7)),
              List.of(
                  sweep(
                      .46, .1, .34, .36, .28, .66, .38, .88, .6, .88, .7, .72, .6, .58, .42, .6, .3,
                      .74)),
              List.of(
                  sweep(.72, .18, .56, .1, .36, .28, .28, .6)
                      .then(arc(.5, .7, .21, .2, 190, -170)))),
          List.of(
              List.of(corners(.22, .14, .76, .14, .44, .9)),
              List.of(corners(.24, .14, .74, .14, .42, .9), corners(.34, .5, .7, .48)),
              List.of(
                  corners(.24, .26, .26, .13),
                  sweep(.26, .13, .5, .16, .76, .12, .58, .48, .5, .9)),
              List.of(sweep(.22, .18, .46, .12, .74, .16, .6, .44, .46, .66, .4, .9))),
          List.of(
              List.of(
                  sweep(
                      .68, .2, .5, .1, .32, .22, .4, .4, .6, .54, .7, .72, .5, .9, .3, .74, .4, .56,
                      .6, .4, .68, .24)),
              List.of(arc(.5, .29, .19, .19, 90, -270), arc(.5, .69, .23, .21, -90, 270)),
              List.of(
                  sweep(
                      .5, .46, .32, .32, .36, .14, .56, .1, .68, .24, .56, .44, .36, .6, .3, .78,
                      .48, .9, .68, .8, .68, .62, .5, .46))),
          List.of(
              List.of(arc(.48, .32, .21, .21, 0, -350), sweep(.69, .3, .68, .6, .62, .9)),
              List.of(
                  sweep(
                      .7, .24, .52, .1, .32, .22, .34, .44, .54, .5, .7, .34, .72, .2, .72, .6, .6,
                      .86, .36, .86)),
              List.of(arc(.46, .3, .19, .2, -30, -350), corners(.66, .14, .64, .9)),
              List.of(
                  sweep(
                      .66, .2, .46, .12, .32, .28, .42, .46, .6, .42, .68, .22, .66, .56, .5,
                      .9))));

  private Handwriting() {}

  /** How many ways there are to write a digit. */
  static int variants(int digit) {
    return VARIANTS.get(digit).size();
  }

  /** The strokes of one way to write a digit. */
  static List<Stroke> strokes(int digit, int variant) {
    return VARIANTS.get(digit).get(variant);
  }
}
