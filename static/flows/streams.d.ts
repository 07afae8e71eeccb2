// Made by `manage.py streams types` from the schemas of the streams; change those and make it again.
import "millrace";

/** Merges and how far they are. */
export interface ParallelMerge {
  id: string;
  startedAt: number;
  totalSteps: number;
  completedSteps: number;
}

/** What happens to new pets. */
export interface PetCreation {
  id: string;
  message: string;
  progress?: number | null;
  data?: Record<string, unknown> | null;
}

/** Todos, by list. */
export interface Todo {
  id: string;
  description: string;
  createdAt: string;
  dueDate?: string | null;
  completedAt?: string | null;
  metadata?: Record<string, unknown>;
}

declare module "millrace" {
  interface Streams {
    parallelMerge: ParallelMerge;
    petCreation: PetCreation;
    todo: Todo;
  }
}
