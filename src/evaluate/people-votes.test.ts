import { expect, test } from "vitest";
import { votesNotes, votesOf } from "./people-votes.ts";

const ten = { votes: [0.7, 0.3], voteCount: 10 };
const tied = { votes: [0.5, 0.5], voteCount: 4, otherVotes: { unknown: 1 } };
const one = { votes: [1, 0], voteCount: 1 };
const soft = { votes: [0.6, 0.4], voteCount: 1 };
const label = {};

test("whole votes of two people or more are people's votes", () => {
  expect(votesOf([ten, tied, one, soft, label])).toEqual([
    [7, 3],
    [2, 2, 1],
    undefined,
    undefined,
    undefined,
  ]);
});

test("notes report images with votes that are not compared with people", () => {
  expect(votesNotes([ten, tied, label], 2)).toEqual([]);
  expect(votesNotes([label], 2)).toEqual([]);
  expect(votesNotes([ten, one, label], 2)).toEqual([
    "1 of 2 images with votes is not compared with people: that takes whole votes of at least two people",
  ]);
  expect(votesNotes([one, soft], 2)).toEqual([
    "2 of 2 images with votes are not compared with people: that takes whole votes of at least two people",
  ]);
  expect(votesNotes([tied, tied], 2)).toEqual([
    "there is no comparison with people: the votes of every image are tied",
  ]);
});
