// Ask `imgwatch setup`: a GET, or a POST where there is a body; a refusal is thrown.

import { post } from "./post.js";

export async function ask(address, body) {
  let answer;
  try {
    answer = await (body ? post(address, body) : fetch(address));
  } catch {
    throw new Error("imgwatch setup does not answer: start it again and open the address that it prints.");
  }
  const type = answer.headers.get("Content-Type") ?? "";
  const content = type.startsWith("application/json") ? await answer.json() : { error: await answer.text() };
  if (!answer.ok) throw new Error(content.error ?? "that did not work");
  return content;
}
