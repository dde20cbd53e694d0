import type { Agent, Call, CallEvent, ListQuery, Page, ProblemBody, Uuid, Wallboard } from "./types";

type Json<T> = { content: { "application/json": T } };
type Answers<T> = { responses: { 200: Json<T>; default: Json<ProblemBody> } };
type Path<P> = [P] extends [never] ? { path?: never } : { path: P };
type Get<R, Q = never, P = never> = Answers<R> & {
  parameters: ([Q] extends [never] ? { query?: never } : { query?: Q }) & Path<P>;
};
type Id = { id: Uuid };

/** Routes the server's document does not hold yet. */
export interface Provisional {
  "/api/v1/calls": {
    get: Get<
      Page<Call>,
      ListQuery & {
        from?: string;
        to?: string;
        state?: string;
        started_after?: string;
        started_before?: string;
      }
    >;
  };
  "/api/v1/calls/{id}": { get: Get<Call, never, Id> };
  "/api/v1/calls/{id}/events": { get: Get<Page<CallEvent>, ListQuery, Id> };
  "/api/v1/agents": { get: Get<Page<Agent>, ListQuery> };
  "/api/v1/wallboard": { get: Get<Wallboard> };
}
